"""What 公众号 and 企业微信 have in common: envelope, XML, callbacks that come again, tokens, API calls, texts of 2,048 bytes."""
