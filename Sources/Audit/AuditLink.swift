internal import Cryptography
internal import Wire

/// What the first record of a file says of the records before it: the MAC of the last one, and the
/// head of the hash chain over all of them (AUDIT.md, 2).
struct AuditLink {
  let mac: [UInt8]
  let head: [UInt8]

  init(mac: [UInt8], head: [UInt8]) {
    self.mac = mac
    self.head = head
  }

  /// Nil unless the record says it.
  init?(_ line: [UInt8]) {
    guard let value = try? JSONValue(line), let mac = value["after"]?.hexadecimal,
      let head = value["head"]?.hexadecimal, mac.count == HMACSHA256.byteCount,
      head.count == SHA256.byteCount
    else { return nil }
    self.init(mac: mac, head: head)
  }

  /// As members of the record, with a comma before them.
  var members: [UInt8] {
    var members = [UInt8](#","after":""#.utf8)
    Hexadecimal.append(mac, to: &members)
    members += #"","head":""#.utf8
    Hexadecimal.append(head, to: &members)
    members.append(UInt8(ascii: "\""))
    return members
  }
}
