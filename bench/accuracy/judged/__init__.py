"""How far off: what is compared, by whose figures, with what left out, against which targets."""
