import Glibc

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

func decimal(_ value: Double, digits: Int = 3) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((value * scale).rounded())
  let fraction = String(scaled % Int(scale))
  return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// Prints a row of a table at once, so that whoever watches sees it.
func printRow(_ cells: [String], _ widths: [Int]) {
  print(zip(cells, widths).map(padded).joined().reversed().drop { $0 == " " }.reversed().map(String.init).joined())
  fflush(nil)
}
