"""Dr. Mario on a real emulated console: the free cartridge pillbox, and its exact simulator."""
