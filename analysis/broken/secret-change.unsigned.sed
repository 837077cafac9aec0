# C2 without the change proof: the thief of the passphrase changes it.
/^let Kdc0/,/^let Kdc1/s/let (=lChange, =usr, =v0, =salt, =hash(d)) = checksign(signature, IK) in//
/^weaksecret/d
/^query.*\(KIssues\|KGives\|KLogsIn\)/d
