"""Every number that decides a gallery's verdicts, a track's extent or a name, with its unit and default.

Distances are Euclidean between the embeddings of dlib and SFace together (`vision.paired_embedder`), on which two
photos of one person lie 0.2 to 0.6 apart and two people's 0.6 to 1.1; another engine's are brought to that scale first
(`naming.scale`).
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

    The levels were fitted to tracks and photos of known people by the probability that they give to the truth, and
    checked on films and people left out of the fit (`benchmarks/naming.py`).

    Attributes:
        wrong_names: share of a film's named tracks that may be wrong, by their own probabilities.
        sure_names: sure names that are taken to stand beside a film's own when that share is reckoned.
        certain: least probability with which any track is named.
        certain_unknown: least probability with which a track is taken for a person outside the cast.
        surest: largest probability ever stated; no evidence is better than the galleries and the detector.
        farthest: distance to an actor's photos beyond which a track is never given that name.
        nearest_photos: photos of an actor, the nearest, whose mean distance stands for the actor; 0 for the distance
            to the mean of all photos.
        own: distance to one's own photos beyond which a track seldom lies.
        own_spread: how fast that grows rarer, as the standard deviation of a Gaussian tail.
        strange: distance to another person's photos under which a track seldom lies.
        strange_spread: how fast that grows rarer, as the standard deviation of a Gaussian tail.
        strange_reach: standard deviations from which on that tail falls no faster.
        follows: by how much `strange` moves with the mean distance between the track and people it is not.
        typical: that mean distance on a clear picture.
        typical_people: how many people `typical` counts for when the mean over a film's people is taken.
        strangers: share of tracks expected to show people outside the cast.
        strangers_tracks: how many tracks that expectation counts for when the film's own share is estimated.
        photos_of_one: median distance of a photo to its person's other photos, on which the levels above stand.
        photos_of_two: median distance of a photo to another person's photos, on which the levels above stand.
        photos_people: how many people these two medians count for beside the galleries' own; not for an engine or a
            way of comparing that the levels were not fitted to, as soon as the galleries can teach its scale.
        teaches: least probability, by photos alone, of a track that extends its actor's gallery for this film.
        taught: distance up to which a track that teaches vouches for another.
        taught_weight: log-odds that one unit of distance below `taught` is worth.
        taught_farthest: distance to the actor's photos beyond which a track is not named, whoever vouches.
        scene_s: seconds between two tracks up to which they may be of one scene, in which people keep their clothes.
        dressed: Hellinger distance of two tracks' clothing up to which one that teaches vouches for the other; of
            pairs of different people one in a hundred is nearer.
        dressed_margin: by how much everybody else of the scene must be dressed less alike.
        dressed_least: log-odds that likeness at this limit is worth.
        dressed_weight: log-odds that one unit of distance below the limit is worth.
        dressed_most: log-odds that clothing is ever worth.
        dressed_farthest: distance to the actor's photos beyond which no clothing gives a name.
        same_person: distance up to which unnamed tracks are one recurring person.
    """

    wrong_names: float = 0.01
    sure_names: float = 10.0
    certain: float = 0.85
    certain_unknown: float = 0.93
    surest: float = 0.998
    farthest: float = 0.575
    nearest_photos: int = 3
    own: float = 0.665
    own_spread: float = 0.015
    strange: float = 0.65
    strange_spread: float = 0.015
    strange_reach: float = 2.0
    follows: float = 0.3
    typical: float = 0.75
    typical_people: float = 5.0
    strangers: float = 0.3
    strangers_tracks: float = 6.0
    photos_of_one: float = 0.444
    photos_of_two: float = 0.797
    photos_people: float = 20.0
    teaches: float = 0.99
    taught: float = 0.3
    taught_weight: float = 45.0
    taught_farthest: float = 0.63
    scene_s: float = 120.0
    dressed: float = 0.48
    dressed_margin: float = 0.1
    dressed_least: float = 3.0
    dressed_weight: float = 25.0
    dressed_most: float = 6.0
    dressed_farthest: float = 0.66
    same_person: float = 0.4
