# 3.6: the file is sealed under the digest, which the KDC has, and it comes by the file.
/^weaksecret/d
s/kdf(deviceKey, (lDeviceIdentity/kdf(digest, (lDeviceIdentity/
s/(\* leak: at once \*)/out(net, (digest, kept));/
