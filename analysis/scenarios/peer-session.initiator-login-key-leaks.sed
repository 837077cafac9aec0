# ini's private login keys leak at once, and every session key: without the request key no ticket can be had for another ephemeral. All holds.
s/(\* leak: login \*)/(if me = ini then out(net, s)) |/
