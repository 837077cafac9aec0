import Foundation

/// The checkout that these tests were built from.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func lines(_ path: String) throws -> [Substring] {
    try text(path).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// Every file below a folder, as paths from the root, in order. Hidden ones are left out.
  static func files(under folder: String) throws -> [String] {
    let paths = try FileManager.default.subpathsOfDirectory(
      atPath: root.appending(path: folder).path(percentEncoded: false))
    return paths.map { "\(folder)/\($0)" }.filter(isVisibleFile).sorted()
  }

  /// The files right in a folder, as `files(under:)` has them.
  static func files(in folder: String) throws -> [String] {
    try files(under: folder).filter { !$0.dropFirst(folder.count + 1).contains("/") }
  }

  static func swiftFiles(under folder: String) throws -> [String] {
    try files(under: folder).filter { $0.hasSuffix(".swift") }
  }

  /// The folders right below a folder, by name.
  static func folders(in folder: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: folder).path(percentEncoded: false))
    return names.filter { isFolder("\(folder)/\($0)") }.sorted()
  }

  private static func isVisibleFile(_ path: String) -> Bool {
    let isHidden = path.split(separator: "/").contains {
      $0.hasPrefix(".") || $0 == "__pycache__"
    }
    return !isHidden && !isFolder(path)
  }

  private static func isFolder(_ path: String) -> Bool {
    let values = try? root.appending(path: path).resourceValues(forKeys: [.isDirectoryKey])
    return values?.isDirectory == true
  }
}
