"""What the graphics processor, or software in its place, does with corners and with pixels.

Colours are worked out as light, of which a screen shows about the square root.
"""

_LIGHT = """
uniform vec3 eye;
uniform vec3 sun;
uniform mat4 sun_matrix;
uniform sampler2DShadow shadows;

const vec3 SUN = vec3(1.10, 1.04, 0.96);
const vec3 ABOVE = vec3(0.30, 0.36, 0.46);
const vec3 BELOW = vec3(0.15, 0.15, 0.16);
const vec3 HORIZON = vec3(0.80, 0.87, 0.93);

// Part of the sun that reaches a place: the mean of so many looks to each side, each between four of
// the shadow's pixels.
float sunlit(vec3 place, float looks) {
    vec3 at = (sun_matrix * vec4(place, 1.0)).xyz * 0.5 + 0.5;
    float texel = 2.0 / textureSize(shadows, 0).x, last = (looks - 1.0) * 0.5, light = 0.0;
    for (float x = -last; x <= last; x++)
        for (float y = -last; y <= last; y++)
            light += texture(shadows, vec3(at.xy + vec2(x, y) * texel, at.z - 0.004));
    return light / (looks * looks);
}

vec3 lit(vec3 colour, vec3 normal, float sunlight) {
    vec3 sky = mix(BELOW, ABOVE, normal.z * 0.5 + 0.5);
    return colour * (sky + SUN * sunlight * max(dot(normal, sun), 0.0));
}
"""

_ROBOT_CORNER = """
#version 330
uniform mat4 camera;
uniform mat4 links[LINKS];
uniform vec3 glows[LINKS];
in vec3 corner;
in vec3 normal;
in vec3 colour;
in float link;
out vec3 place;
out vec3 facing;
out vec3 shade;
out vec3 glow;
void main() {
    mat4 at = links[int(link)];
    vec4 world = at * vec4(corner, 1.0);
    place = world.xyz;
    facing = mat3(at) * normal;
    shade = colour * colour;
    glow = glows[int(link)];
    gl_Position = camera * world;
}
"""

ROBOT_PIXEL = (
    "#version 330\n"
    + _LIGHT
    + """
in vec3 place;
in vec3 facing;
in vec3 shade;
in vec3 glow;
out vec4 pixel;
void main() {
    vec3 normal = normalize(facing);
    vec3 view = normalize(eye - place);
    float sunlight = sunlit(place + normal * 0.004, 1.0);
    float shine = pow(max(dot(normal, normalize(view + sun)), 0.0), 40.0);
    float rim = pow(1.0 - max(dot(normal, view), 0.0), 4.0);
    vec3 colour = lit(shade, normal, sunlight) + SUN * shine * sunlight * 0.25 + ABOVE * rim * 0.25;
    colour = mix(colour, glow * glow, dot(glow, glow) > 0.0 ? 0.85 : 0.0);
    pixel = vec4(sqrt(colour), 1.0);
}
"""
)

_SHADOW_CORNER = """
#version 330
uniform mat4 sun_matrix;
uniform mat4 links[LINKS];
in vec3 corner;
in float link;
void main() {
    gl_Position = sun_matrix * links[int(link)] * vec4(corner, 1.0);
}
"""

SHADOW_PIXEL = """
#version 330
void main() {}
"""

DEPTH_CORNER = """
#version 330
uniform mat4 camera;
in vec3 corner;
void main() {
    gl_Position = camera * vec4(corner, 1.0);
}
"""

GROUND_CORNER = """
#version 330
uniform mat4 camera;
in vec3 corner;
in vec3 normal;
out vec3 place;
out vec3 facing;
void main() {
    place = corner;
    facing = normal;
    gl_Position = camera * vec4(corner, 1.0);
}
"""

_GROUND_PIXEL = (
    "#version 330\n"
    + _LIGHT
    + """
in vec3 place;
in vec3 facing;
out vec3 pixel;

const vec3 LIGHT = vec3(0.235, 0.275, 0.315);
const vec3 DARK = vec3(0.150, 0.185, 0.222);
const vec3 SEAM = vec3(0.40, 0.45, 0.49);
const float TILE = 0.5;
const float SEAM_WIDTH = 0.012;

// Part of a pixel of this width that a chequered board covers with its light tiles, without aliasing:
// after https://iquilezles.org/articles/checkerfiltering
float board(vec2 at, vec2 width) {
    vec2 part = 2.0 * (abs(fract((at - 0.5 * width) * 0.5) - 0.5)
                     - abs(fract((at + 0.5 * width) * 0.5) - 0.5)) / width;
    return 0.5 - 0.5 * part.x * part.y;
}

float seams(vec2 at, vec2 width) {
    vec2 half_width = max(vec2(SEAM_WIDTH / TILE), width) * 0.5;
    vec2 away = abs(fract(at - 0.5) - 0.5);
    vec2 cover = clamp((half_width - away) / width + 0.5, 0.0, 1.0) * (SEAM_WIDTH / TILE) / (half_width * 2.0);
    return max(cover.x, cover.y);
}

void main() {
    vec2 at = place.xy / TILE;
    vec2 width = max(fwidth(at), 1e-4);
    vec3 colour = mix(DARK, LIGHT, board(at, width));
    colour = mix(colour, SEAM, seams(at, width));
    vec3 normal = normalize(facing);
    vec3 shaded = lit(colour, normal, SUNLIT);
    float away = distance(place.xy, eye.xy);
    shaded = mix(HORIZON * HORIZON, shaded, exp2(-away * away * 0.0011));
    pixel = sqrt(shaded);
}
"""
)

MARK_CORNER = """
#version 330
uniform mat4 camera;
uniform float nearer;
in vec3 corner;
in vec3 normal;
in vec3 colour;
out vec3 facing;
out vec3 shade;
void main() {
    facing = normal;
    shade = colour * colour;
    gl_Position = camera * vec4(corner, 1.0);
    gl_Position.z -= nearer * gl_Position.w;
}
"""

MARK_PIXEL = """
#version 330
uniform float opacity;
in vec3 facing;
in vec3 shade;
out vec4 pixel;
void main() {
    pixel = vec4(sqrt(shade * (0.72 + 0.38 * normalize(facing).z)), opacity);
}
"""

SKY_CORNER = """
#version 330
uniform mat4 rays;
in vec2 corner;
out vec3 ray;
void main() {
    ray = (rays * vec4(corner, 1.0, 1.0)).xyz;
    gl_Position = vec4(corner, 1.0, 1.0);
}
"""

SKY_PIXEL = """
#version 330
in vec3 ray;
out vec3 pixel;
void main() {
    float up = clamp(normalize(ray).z, 0.0, 1.0);
    pixel = mix(vec3(0.80, 0.87, 0.93), vec3(0.36, 0.56, 0.82), sqrt(up) * 0.9);
}
"""

PASTE_CORNER = """
#version 330
uniform vec2 part;
in vec2 corner;
out vec2 at;
void main() {
    at = (corner * 0.5 + 0.5) * part;
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

PASTE_PIXEL = """
#version 330
uniform sampler2D picture;
in vec2 at;
out vec4 pixel;
void main() {
    pixel = texture(picture, at);  // between four pixels of it: their mean
}
"""


def robot_corner(links: int) -> str:
    """Shader of the corners of a robot with so many links."""
    return _ROBOT_CORNER.replace("LINKS", str(links))


def shadow_corner(links: int) -> str:
    """Shader of the corners of the shadow of a robot with so many links."""
    return _SHADOW_CORNER.replace("LINKS", str(links))


def ground_pixel(has_shadow: bool) -> str:
    """Shader of ground. `has_shadow`: the robot's shadow may fall on it, which takes longest."""
    return _GROUND_PIXEL.replace("SUNLIT", "sunlit(place, 2.0)" if has_shadow else "1.0")
