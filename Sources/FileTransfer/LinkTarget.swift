/// Judges where symbolic links lead.
public enum LinkTarget {
  /// Whether a link leads to something in the same top-level entry, whatever is there or not.
  ///
  /// The way is followed in the text alone: it is made of "..", "." and clean names, leads through
  /// folders of the list, and never above the top-level entry. So it can pass through no other
  /// link, and what it means does not depend on what is on the receiver's disk.
  ///
  /// - Parameters:
  ///   - path: The link's own.
  ///   - folders: Every folder of the list.
  public static func isConfined(
    _ target: String, at path: EntryPath, folders: Set<EntryPath>
  ) -> Bool {
    guard !target.isEmpty, target.utf8.count <= TransferEntry.targetByteLimit else { return false }
    // The names so far; a link at the top has no tree to stay in.
    guard var place = path.parent else { return false }
    for step in target.split(separator: "/", omittingEmptySubsequences: false) {
      // Whatever comes before another step has to be a folder.
      guard folders.contains(place) else { return false }
      switch step {
      case ".": continue
      case "..":
        guard let parent = place.parent else { return false }
        place = parent
      default:
        guard let next = place.appending(String(step)) else { return false }
        place = next
      }
    }
    return true
  }
}
