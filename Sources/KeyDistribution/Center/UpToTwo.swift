/// None, one or two of something, without memory of its own: an array takes an allocation, and
/// every request would take several.
@frozen
public struct UpToTwo<Element: Hashable & Sendable>: RandomAccessCollection, Hashable, Sendable,
  ExpressibleByArrayLiteral
{
  @usableFromInline internal var one: Element?
  /// Nil when there is no first.
  @usableFromInline internal var other: Element?

  /// None.
  @inlinable
  public init() {
    one = nil
    other = nil
  }

  /// One or two.
  @inlinable
  public init(_ one: Element, _ other: Element? = nil) {
    self.one = one
    self.other = other
  }

  /// For where it does not matter that this takes an array.
  ///
  /// - Parameter elements: two at most; more are our own mistake.
  @inlinable
  public init(arrayLiteral elements: Element...) {
    precondition(elements.count <= 2)
    one = elements.first
    other = elements.dropFirst().first
  }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { one == nil ? 0 : other == nil ? 1 : 2 }

  @inlinable
  public subscript(place: Int) -> Element {
    guard let element = place == 0 ? one : place == 1 ? other : nil else {
      preconditionFailure("no element there")
    }
    return element
  }
}
