"""The mistakes that people make in backpropagation, and a backprop that makes them."""
