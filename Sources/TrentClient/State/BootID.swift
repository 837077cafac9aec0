internal import DurableFiles
internal import SecretMemory

/// What the kernel calls the present life of the machine, from one start to the next.
public enum BootID {
  /// Nil where the kernel does not tell.
  public static func current() -> String? {
    guard let contents = try? readSecretFile("/proc/sys/kernel/random/boot_id", limit: 64) else {
      return nil
    }
    let text = String(decoding: [UInt8](contents.bytes), as: UTF8.self)
    return text.split(separator: "\n").first.map(String.init)
  }
}
