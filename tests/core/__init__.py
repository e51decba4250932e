"""The pure core alone: values in, values out, no mocks and no servers."""
