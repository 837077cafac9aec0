# G3: the file that keeps the keys for deposits (3.10) is still there when the identity key leaks.
s/^  | (phase 1; out(net, tk)) )\./  | (phase 1; out(net, (tk, kept))) )./
