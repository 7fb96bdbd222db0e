"""Networks that learn to add two numbers: the article's training, and one that succeeds.

Source: David Lebech, "2 + 2 with neural networks", 2020,
https://davidlebech.com/thoughtflow/2-plus-2-with-neural-networks/.
"""
