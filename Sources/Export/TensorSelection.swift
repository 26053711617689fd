import TensorModel

/// The part of a tensor that is exported: all of it, or whole rows.
struct TensorSelection {
  let tensor: TensorInfo
  /// The shape of what is selected.
  let shape: [Int]
  /// The selected elements, counted in row-major order.
  let elements: Range<Int>

  /// - Throws: `usage` where the tensor lacks those rows.
  init(_ tensor: TensorInfo, _ rows: RowRange?) throws(ModelError) {
    self.tensor = tensor
    guard let rows else {
      shape = tensor.shape
      elements = 0..<tensor.elementCount
      return
    }
    let range = try rows.rows(of: tensor)
    let perRow = tensor.shape[0] == 0 ? 0 : tensor.elementCount / tensor.shape[0]
    shape = [range.count] + tensor.shape.dropFirst()
    elements = (range.lowerBound * perRow)..<(range.upperBound * perRow)
  }

  /// The bytes of the whole blocks that the elements touch.
  var blockBytes: Range<Int> {
    guard !elements.isEmpty else { return 0..<0 }
    let first = elements.lowerBound / tensor.dtype.blockElements
    let last = (elements.upperBound - 1) / tensor.dtype.blockElements
    return (first * tensor.dtype.blockBytes)..<((last + 1) * tensor.dtype.blockBytes)
  }

  /// The bytes that the elements fill.
  /// - Throws: `usage` where they begin or end inside a byte, or inside a block that has no elements of its own.
  func wholeBytes() throws(ModelError) -> Range<Int> {
    let dtype = tensor.dtype
    let hasElements = dtype.elementBits * dtype.blockElements == dtype.blockBytes * 8
    // Bits may overflow an Int where bytes do not: divide block by block.
    func byte(of element: Int) -> Int? {
      let (block, rest) = element.quotientAndRemainder(dividingBy: dtype.blockElements)
      guard hasElements || rest == 0, rest * dtype.elementBits % 8 == 0 else { return nil }
      return block * dtype.blockBytes + rest * dtype.elementBits / 8
    }
    guard let start = byte(of: elements.lowerBound), let end = byte(of: elements.upperBound) else {
      throw ModelError(
        .usage, "these rows of \(dtype.name) begin or end inside a \(hasElements ? "byte" : "block")",
        hint: "npy and text take them one by one")
    }
    return start..<end
  }

  /// The selected elements of a chunk that fills `bytes`, counted from its start.
  func elements(in bytes: Range<Int>) -> Range<Int> {
    let first = bytes.lowerBound / tensor.dtype.blockBytes * tensor.dtype.blockElements
    let chunk = first..<(first + bytes.count / tensor.dtype.blockBytes * tensor.dtype.blockElements)
    let selected = chunk.clamped(to: elements)
    return (selected.lowerBound - first)..<(selected.upperBound - first)
  }
}
