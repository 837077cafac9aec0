# The file that keeps the keys for deposits (3.10) is copied at once, and the identity key is not. All holds.
s/(\* leak: receiver \*)/out(net, kept);/
s/, ikR, seedR))) )/, ikR))) )/
