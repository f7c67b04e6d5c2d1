"""The diagnosis of a wrong gradient: the equation, the layer and the name of the mistake."""
