"""Report: numbers, tables and figures for the .qmd pages, and the engines that render them."""
