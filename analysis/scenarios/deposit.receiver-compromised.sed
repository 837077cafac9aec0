# Ticket key and private login key of the receiver leak at once: the thief reads what is deposited, and deposits in anybody's name (expected
# false; SECURITY.md says so).
s/(\* leak: receiver \*)/out(net, (s, tk));/
