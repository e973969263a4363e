"""From numbers to pictures: pure functions, the same for every face."""
