# Somebody else reads the invitation before it is spent: he registers in the name that it is for (expected false). No more than that: no
# secret of the invited person's comes to light, and who hears that he is registered is.
s/out(net, kept(invitation));/out(net, invitation);/
