# A client that has not been in contact since key 0 was replaced, or a newcomer who takes the old word: who has found key 0 leads it to an
# identity of his own (expected false).
s/(Client(r, vk(id1)) | Client(r, vk(id2))))$/(Client(r, vk(id0)) | Client(r, vk(id1)) | Client(r, vk(id2))))/
