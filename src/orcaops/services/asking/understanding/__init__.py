"""Understanding: from words to inquiries. Pure: what is known of a workspace comes as an argument."""
