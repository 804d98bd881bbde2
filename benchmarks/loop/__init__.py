"""Does the loop decide rightly? What the gate, reproduction and a whole planted half year reach."""
