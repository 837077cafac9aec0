extension UInt64 {
  /// As a number of bytes, for a person.
  var inBytes: String { self == 1 ? "1 byte" : "\(self) bytes" }
}
