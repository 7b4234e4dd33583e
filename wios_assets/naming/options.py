"""Every number that decides a gallery's verdicts, a track's extent or a name, with its unit and default.

Distances are those of `metric.distances`: Euclidean between dlib embeddings, on which two photos of one person lie
0.2 to 0.6 apart and two people 0.6 to 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GalleryOptions:
    """When a photo of a cast member is used.

    Attributes:
        longest_side: pixels that a photo is shrunk to before faces are looked for.
        smallest_face: height in the photo's own pixels below which a face is too small to be used.
        smallest_seen: height in the photo's own pixels down to which faces are looked for at all.
        blur: variance of the chip's Laplacian below which a face is blurred.
        unlike: distance from the actor's other photos beyond which the one face of a photo is someone else.
        agree: distance from the actor's other photos up to which one of several faces is chosen.
        agree_margin: by how much the other faces of that photo must lie farther from them.
        elsewhere: distance from another actor's photos up to which a face is taken for that actor.
        dominant: a lone photo of several people gives its largest face where the next is at most this share as high.
        same_picture: differing bits of 64 up to which two pictures' perceptual hashes are one picture.
        same_face: distance below which two photos are one picture, cropped or scaled.
        thumbnail_side: longest side of the thumbnails, pixels.
    """

    longest_side: int = 960
    smallest_face: float = 40.0
    smallest_seen: float = 20.0
    blur: float = 9.0
    unlike: float = 0.65
    agree: float = 0.56
    agree_margin: float = 0.08
    elsewhere: float = 0.45
    dominant: float = 0.5
    same_picture: int = 6
    same_face: float = 0.12
    thumbnail_side: int = 200


@dataclass(frozen=True)
class NamingOptions:
    """When a track is named.

    Attributes:
        certain: least probability with which a name, or `unknown`, is given; weak evidence below it.
        farthest: distance to an actor's photos beyond which a track is never given that name.
        nearest_photos: photos of an actor, the nearest, whose mean distance stands for the actor.
        slope: log-odds that one unit of distance is worth.
        even: distance at which an actor and a stranger are equally likely, on a track of typical distances.
        follows: by how much `even` moves with the mean distance between the track and people it is not.
        typical: mean distance between a track and people it is not, on a clear picture.
        typical_people: how many people `typical` counts for when the mean over a film's people is taken.
        strangers: share of tracks expected to show people outside the cast.
        strangers_tracks: how many tracks that expectation counts for when the film's own share is estimated.
        worst_track: quality of the best chip below which a track is never certain.
        teaches: least probability, by photos alone, of a track that extends its actor's gallery for this film.
        taught: distance up to which a track that was taught vouches for another.
        taught_farthest: distance to the actor's photos beyond which no taught track vouches for a name.
        same_person: distance up to which unnamed tracks are one recurring person.
    """

    certain: float = 0.93
    farthest: float = 0.6
    nearest_photos: int = 3
    slope: float = 45.0
    even: float = 0.645
    follows: float = 0.2
    typical: float = 0.78
    typical_people: float = 5.0
    strangers: float = 0.3
    strangers_tracks: float = 6.0
    worst_track: float = 0.0
    teaches: float = 0.99
    taught: float = 0.32
    taught_farthest: float = 0.63
    same_person: float = 0.45
