"""From numbers to pictures: one way to draw a scene, for films, windows and pages alike."""
