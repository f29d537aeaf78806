"""Where real things are built and handed down."""
