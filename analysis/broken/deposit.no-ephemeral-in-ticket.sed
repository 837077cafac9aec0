# on: scenarios/deposit.sender-login-key-leaks
# G2: E is not compared with the ticket's: who has ks and the sender's login key deposits in the sender's name.
/if boundE = E then/d
