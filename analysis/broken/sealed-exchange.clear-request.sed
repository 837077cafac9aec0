# The login request is not sealed (Kerberos' preauthentication): a recording is enough to guess the passphrase.
s/^  in(net, salt: bitstring);  /  let salt = saltIni in/
/^let Login/,/^let Kdc/s/^  out(net, (E, seal(requestKey/  out(net, (body, proven(K, E, pkE, body)));\n&/
