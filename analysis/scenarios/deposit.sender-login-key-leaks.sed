# The sender's private login key leaks at once, and every session key: without the request key no ticket can be had for another ephemeral. All holds.
s/(\* leak: sender \*)/(if me = snd then out(net, s)) |/
