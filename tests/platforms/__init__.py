"""Servers that behave as the WeChat Official Account and WeCom platforms do; they share no code with the bot."""
