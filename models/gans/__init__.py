"""Networks that draw pictures: the article's DCGAN, a small GAN that does not collapse, and measures of both."""
