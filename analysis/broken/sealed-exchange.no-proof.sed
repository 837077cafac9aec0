# L2 without the proof: anybody logs in under any name.
/get users(=u, K, registered)/{n;d}
