"""From a gradient that is off to the equation, the layer and the name of the mistake."""
