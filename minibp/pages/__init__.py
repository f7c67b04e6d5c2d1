"""Pages of HTML in one file each: templates, style sheet and script, the drawing of a network, maps of entries."""
