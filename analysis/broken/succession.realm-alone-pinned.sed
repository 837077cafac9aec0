# E4: the client has pinned the realm alone, and takes whatever succession of it verifies: key 0, found later, leads everybody astray.
s/else if pinned = F0 then/else/
s/else if pinned = F0 || pinned = F1 then/else/
