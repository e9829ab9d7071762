"""The lesson's pipe waits for ever when a worker dies before it sends."""
