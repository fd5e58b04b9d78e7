
E
PlaceholderPlaceholder*
dtype0*
shape:ÿÿÿÿÿÿÿÿÿ
G
Placeholder_1Placeholder*
dtype0*
shape:ÿÿÿÿÿÿÿÿÿ
/
subSubPlaceholderPlaceholder_1*
T0
"
IdentityIdentitysub*
T0
/
mulMulPlaceholderPlaceholder_1*
T0
$

Identity_1Identitymul*
T0"†