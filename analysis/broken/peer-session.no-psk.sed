# on: scenarios/peer-session.login-keys-leak
# 5.4 without the psk: whoever has the login keys is both peers.
s/kdf(ks, (lPsk, /kdf(zero, (lPsk, /
