# G3: the receiver keeps its login key: no forward secrecy.
s/^  | (phase 1; out(net, tk)) )\./  | (phase 1; out(net, (tk, s))) )./
