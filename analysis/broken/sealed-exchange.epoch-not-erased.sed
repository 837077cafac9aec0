# Epoch keys are kept, and leak with the identity key, as if clients sealed to one static key.
s/! Kdc(skE))  /((! Kdc(skE)) | (phase 1; out(net, skE))))  /
