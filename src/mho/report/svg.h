// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#ifndef MHO_REPORT_SVG_H
#define MHO_REPORT_SVG_H

// Drawing surface and colours that all charts share. The charts: line_chart.h, bar_chart.h,
// histogram_chart.h, heatmap.h.

#include <string>
#include <string_view>
#include <vector>

namespace mho {

// Colours are CSS variables, so that a page switches between light and dark by one style sheet; the
// fallbacks serve an SVG that stands alone.
inline constexpr std::string_view kInk = "var(--fg,#1f2328)";
inline constexpr std::string_view kMuted = "var(--muted,#59636e)";
inline constexpr std::string_view kGrid = "var(--grid,#e4e8ed)";
inline constexpr std::string_view kAxis = "var(--axis,#8c959f)";
inline constexpr std::string_view kSurface = "var(--surface,#ffffff)";

/// Colour of the n-th series, repeating after eight. The hues are those of Okabe and Ito ("Color
/// universal design", 2008), which stay apart under every common colour blindness.
std::string series_color(size_t index);

struct SvgPoint {
    double x;
    double y;
};

enum class Anchor { kStart, kMiddle, kEnd };

struct SvgText {
    double size_px = 12.5;
    Anchor anchor = Anchor::kStart;
    bool bold = false;
    std::string_view color = kMuted;
    bool halo = false;  // outlined in the colour of the page, for text that crosses lines
};

/// Collects SVG elements. Coordinates are pixels of the view box with y downwards; an element with
/// a coordinate that is not finite is left out. Texts and tooltips are escaped, styles are not.
class SvgCanvas {
  public:
    /// `title` and `description` serve screen readers (role="img", aria-label, <title>, <desc>).
    SvgCanvas(double width, std::string_view title, std::string_view description);

    double width() const { return width_; }

    void line(double x1, double y1, double x2, double y2, std::string_view style);

    /// A line through the points, interrupted where one is not finite.
    void polyline(const std::vector<SvgPoint>& points, std::string_view style);

    /// A filled outline through the finite points.
    void polygon(const std::vector<SvgPoint>& points, std::string_view style);

    void rect(double x,
              double y,
              double width,
              double height,
              std::string_view style,
              std::string_view tooltip = "",
              double radius = 0.0);

    /// Shape 0: circle, 1: square, 2: diamond, 3: triangle; then repeating.
    void marker(size_t shape,
                double x,
                double y,
                double radius,
                std::string_view style,
                std::string_view tooltip = "");

    void text(double x, double y, std::string_view text, const SvgText& style = {});

    /// The complete <svg> element, as wide as its container.
    std::string finish(double height) const;

  private:
    void add(std::string_view element, std::string_view tooltip);

    double width_;
    std::string title_;
    std::string description_;
    std::string body_;
};

}  // namespace mho

#endif  // MHO_REPORT_SVG_H
