// Filled by the pieces of this layer.
