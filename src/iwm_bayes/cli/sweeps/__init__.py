"""What commands of many simulated studies share: their options, what they are given, and how they are done."""
