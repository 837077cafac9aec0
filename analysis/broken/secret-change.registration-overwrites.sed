# R3: a registration of an existing name replaces it: the replayed first registration brings the old passphrase back.
/^weaksecret/d
s/^  | (phase 1; ! Kdc1(skE))/  | (phase 1; insert account1(usr, sharedKey(digest(pwOld, salt), usr, v0), vk(ikUsr)))\n&/
/^query.*\(KIssues\|KGives\|Changes\|Changed\)/d
