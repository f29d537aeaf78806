"""An embedded AWS to try and rehearse everything in."""
