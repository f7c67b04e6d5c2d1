"""The claimed gradient of any scalar function of arrays, held against independent oracles."""
