# The receiver's ticket key leaks at once: tickets can be made up. All holds, by certificates and login signatures.
s/(\* leak: receiver \*)/out(net, tk);/
