"""What follows from where a pill is put: boards, their features, and searches over them. Compiled."""
