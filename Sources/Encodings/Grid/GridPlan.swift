public import Kernels

/// The grid on which a tensor's elements were found to lie.
public struct GridPlan: Hashable, Sendable {
  public var layout: GridLayout
  public var book: GridFitter.Book

  public init(layout: GridLayout, book: GridFitter.Book) {
    self.layout = layout
    self.book = book
  }
}
