"""macOS, asked through sysctl, psutil, property lists and documented calls."""
