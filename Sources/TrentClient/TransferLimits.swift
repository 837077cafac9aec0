internal import FileTransfer

/// What the protocol allows, for those who ask before they begin.
public enum TransferLimits {
  /// The longest text, in bytes.
  public static var textByteCount: Int { Manifest.textLimit }
}
