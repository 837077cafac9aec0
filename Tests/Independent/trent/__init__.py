"""A second implementation of the Trent protocol, written from docs/PROTOCOL.md alone, for tests.

It keeps secrets in ordinary Python objects: it is there to check the page and the programs, not to
be used. Numbers such as 4.3 and labels such as T1 in comments are those of the page.
"""
