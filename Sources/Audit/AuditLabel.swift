internal import SecretMemory
internal import Wire

/// What every derivation and signature of the audit trail begins with (AUDIT.md, 3).
enum AuditLabel: String, CaseIterable {
  case step = "trent audit step v1"
  case record = "trent audit record v1"
  case line = "trent audit line v1"
  case checkpoint = "trent audit checkpoint v1"
}

extension ByteWriter {
  init(_ label: AuditLabel) {
    self.init(capacity: 512)
    prefixed(label.rawValue)
  }
}
